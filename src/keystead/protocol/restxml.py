"""The rest-xml protocol: an XML body, everything else in URI, query string and headers.

Follows Smithy's awsRestXml, with the two ways of writing errors that its users have: S3 leaves out the
wrapper around `Error`, and names its request id header differently.
"""

from collections.abc import Callable, Mapping
from typing import Any

from keystead.protocol.description import Operation
from keystead.protocol.errors import Unreadable
from keystead.protocol.faults import Fault
from keystead.protocol.query import error_members, write_error_response
from keystead.protocol.rest import (
    Payload,
    ReadBody,
    head_reader,
    head_writer,
    payload,
    raw_body_reader,
    status_member,
)
from keystead.protocol.restjson import raw_body_writer
from keystead.protocol.shapes import Shape
from keystead.protocol.wire import Headers, Params, Parse, Serialise, WireRequest, WireResponse
from keystead.protocol.xmlreader import Element, XmlReader, parse_xml
from keystead.protocol.xmlwriter import WriteText, XmlWriter, escape, escape_attribute, escape_message

_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MALFORMED_AT_S3 = "The XML you provided was not well-formed or did not validate against our published schema"

# Root elements of S3 that botocore's model does not carry (it never looks at them); clients in other
# languages were generated from a model that does.
_S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


# Outputs that are their one member and nothing around it (Smithy's `s3UnwrappedXmlOutput`).
_S3_UNWRAPPED = {"GetBucketLocation": "LocationConstraint"}


class RestXmlCodec:
    """Compiles the operations of one service that speaks rest-xml."""

    def __init__(self, xml_namespace: str | None, is_s3: bool) -> None:
        self._xmlns = f' xmlns="{escape_attribute(xml_namespace)}"' if xml_namespace else ""
        self._is_s3 = is_s3
        self._content_type = (b"content-type", b"application/xml" if is_s3 else b"text/xml")
        self._request_id_header = b"x-amz-request-id" if is_s3 else b"x-amzn-requestid"
        self._reader = XmlReader()
        self._writer = XmlWriter()

    def parser(self, operation: Operation, shape: Shape | None) -> Parse:
        """Return what reads a request into params.

        It raises `Unreadable`: at S3 `MalformedXML` for the body and `InvalidArgument` for the rest,
        elsewhere `MalformedInput`.
        """
        if shape is None:
            return lambda _: {}
        read_head = head_reader(operation, shape.members)
        read_body = self._body_reader(shape)

        def parse(request: WireRequest) -> dict[str, Any]:
            params: Params = {}
            if read_body is not None:
                try:
                    read_body(request.body, params)
                except ValueError as fault:
                    raise self._unreadable_body(fault) from fault
            try:
                read_head(request, params)
            except ValueError as fault:
                code = "InvalidArgument" if self._is_s3 else "MalformedInput"
                raise Unreadable(code, str(fault)) from fault
            return params

        return parse

    def serialiser(self, operation: Operation, shape: Shape | None) -> Serialise:
        """Return what writes a result: status, headers, and the XML body if the model has one."""
        status = operation.http.response_code
        members = {} if shape is None else shape.members
        write_head = head_writer(members)
        write_body = _no_body if shape is None else self._body_writer(operation, shape)
        status_from = status_member(members)
        request_id_header = self._request_id_header

        def serialise(result: Mapping[str, Any], request_id: str) -> WireResponse:
            headers: Headers = [(request_id_header, request_id.encode())]
            write_head(result, headers)
            body = write_body(result, headers)
            code = result.get(status_from) if status_from else None
            return WireResponse(code or status, headers, body)

        return serialise

    def error(self, fault: Fault) -> WireResponse:
        """Return `ErrorResponse`, or S3's bare `Error`."""
        response = self._bare_error(fault) if self._is_s3 else self._wrapped_error(fault)
        if fault.shape is not None:
            head_writer(fault.shape.shape.members)(fault.members, response.headers)
        return response

    def _wrapped_error(self, fault: Fault) -> WireResponse:
        return write_error_response(fault, self._xmlns, self._writer, _PROLOG)

    def _bare_error(self, fault: Fault) -> WireResponse:
        body = (
            f"{_PROLOG}<Error><Code>{escape(fault.code)}</Code><Message>{escape_message(fault.message)}</Message>"
            f"{error_members(fault, self._writer)}<RequestId>{escape(fault.request_id)}</RequestId></Error>"
        )
        headers = [self._content_type, (self._request_id_header, fault.request_id.encode())]
        return WireResponse(fault.status, headers, body.encode())

    def _unreadable_body(self, fault: ValueError) -> Unreadable:
        if self._is_s3:
            return Unreadable("MalformedXML", _MALFORMED_AT_S3)
        return Unreadable("MalformedInput", f"The request body cannot be read: {fault}.")

    def _body_reader(self, shape: Shape) -> ReadBody | None:
        part = payload(shape)
        if part is not None:
            return raw_body_reader(part) if part.is_raw else self._payload_reader(part)
        if not any(member.is_in_request_body for member in shape.members.values()):
            return None
        read, roots = self._reader.structure(shape), shape.root_names

        def read_members(body: Any, params: Params) -> None:
            if body:
                params.update(read(_rooted(body, roots)))

        return read_members

    def _payload_reader(self, part: Payload) -> ReadBody:
        read, name = self._reader.element(part.shape), part.name
        roots = part.shape.root_names

        def read_payload(body: Any, params: Params) -> None:
            if body:
                params[name] = read(_rooted(body, roots))

        return read_payload

    def _body_writer(self, operation: Operation, shape: Shape) -> Callable[[Mapping[str, Any], Headers], Any]:
        part = payload(shape)
        if part is not None:
            return raw_body_writer(part) if part.is_raw else self._payload_writer(part)
        if not any(member.is_in_response_body for member in shape.members.values()):
            return _no_body
        unwrapped = _S3_UNWRAPPED.get(operation.name) if self._is_s3 else None
        if unwrapped is not None:
            part = Payload(unwrapped, shape.members[unwrapped])
            return self._payload_writer(part, unwrapped)
        root = (_S3_ROOTS.get(operation.name) if self._is_s3 else None) or shape.wire_name or shape.name
        write, content_type = self._document(shape, root), self._content_type

        def write_members(result: Mapping[str, Any], headers: Headers) -> bytes:
            headers.append(content_type)
            return write(result).encode()

        return write_members

    def _payload_writer(
        self, part: Payload, root: str | None = None
    ) -> Callable[[Mapping[str, Any], Headers], Any]:
        write = self._document(part.shape, root or part.shape.wire_name or part.shape.name)
        name, content_type = part.name, self._content_type

        def write_payload(result: Mapping[str, Any], headers: Headers) -> bytes:
            value = result.get(name)
            if value is None:
                return b""
            headers.append(content_type)
            return write(value).encode()

        return write_payload

    def _document(self, shape: Shape, root: str) -> WriteText:
        """Return the writer of a whole document; a root without a namespace of its own is in the service's."""
        write = self._writer.element(shape, root)
        namespace = shape.xml_namespace
        start = f"<{root}{self._xmlns if namespace is None or namespace.prefix else ''}"
        after_start = len(root) + 1
        return lambda value: f"{_PROLOG}{start}{write(value)[after_start:]}"


def _rooted(body: bytes, roots: frozenset[str]) -> Element:
    element = parse_xml(body)
    if element.tag not in roots:
        raise ValueError(f"the root element is {element.tag} where {' or '.join(sorted(roots))} is due")
    return element


def _no_body(_result: Mapping[str, Any], _headers: Headers) -> bytes:
    return b""
