"""Documents: what is taken, what is refused, and how versions follow each other."""

import json

import pytest

from ssm.room import PREFERENCES, refused

MANUAL = {
    "schemaVersion": "0.3",
    "accessDuration": 7200,
    "accessTokenRole": "SSM-JustInTimeAccessTokenRole",
    "targets": [],
    "mainSteps": [
        {
            "name": "first",
            "action": "aws:approve",
            "timeoutSeconds": 600,
            "inputs": {
                "Message": "?",
                "MinRequiredApprovals": 1,
                "EnhancedApprovals": {"Approvers": [{"approver": "ana", "type": "IamUser"}]},
            },
        }
    ],
}
AUTO = "SSM-JustInTimeAccessAutoApprovalPolicy"


def manual_for(value: str) -> dict[str, object]:
    return MANUAL | {"targets": [{"Key": "tag:Workload", "Values": [value]}]}


def automatic(cedar: str) -> dict[str, object]:
    documents = [{"type": "Cedar", "content": cedar}]
    return {"schemaVersion": "0.3", "AutoApprovalPolicyDocuments": documents}


def test_content_is_given_back_as_it_was_given_and_in_the_other_format(room):
    name = room.document(PREFERENCES)

    assert json.dumps(PREFERENCES) == room.ssm.get_document(Name=name)["Content"]
    assert (
        "sessionType: Standard_Stream" in room.ssm.get_document(Name=name, DocumentFormat="YAML")["Content"]
    )


def test_new_version_is_the_default_only_when_that_is_said(room):
    name = room.document(PREFERENCES)
    changed = PREFERENCES | {"description": "Changed"}

    made = room.ssm.update_document(Name=name, Content=json.dumps(changed), DocumentVersion="$LATEST")

    assert tuple(made["DocumentDescription"][key] for key in ("LatestVersion", "DefaultVersion")) == (
        "2",
        "1",
    )
    assert room.ssm.describe_document(Name=name)["Document"]["DocumentVersion"] == "1"
    room.ssm.update_document_default_version(Name=name, DocumentVersion="2")
    assert room.ssm.describe_document(Name=name)["Document"]["DocumentVersion"] == "2"
    with refused("DuplicateDocumentContent"):
        room.ssm.update_document(Name=name, Content=json.dumps(PREFERENCES), DocumentVersion="$LATEST")
    with refused("InvalidDocumentOperation"):
        room.ssm.delete_document(Name=name, DocumentVersion="2")
    listed = room.ssm.list_document_versions(Name=name)["DocumentVersions"]
    assert [(one["DocumentVersion"], one["IsDefaultVersion"]) for one in listed] == [
        ("1", False),
        ("2", True),
    ]


@pytest.mark.parametrize(
    ("content", "type_", "code"),
    [
        ("{", "Session", "InvalidDocumentContent"),
        ("[]", "Session", "InvalidDocumentContent"),
        ("[" * 60_000, "Session", "InvalidDocumentContent"),
        ("x" * 65_537, "Session", "MaxDocumentSizeExceeded"),
        (PREFERENCES | {"schemaVersion": "2.2"}, "Session", "InvalidDocumentSchemaVersion"),
        (PREFERENCES | {"sessionType": "Shell"}, "Session", "InvalidDocumentContent"),
        (PREFERENCES | {"inputs": {"idleSessionTimeout": "61"}}, "Session", "InvalidDocumentContent"),
        (PREFERENCES | {"inputs": {"kmsKeyId": "alias/x"}}, "Session", "InvalidDocumentContent"),
        (PREFERENCES, "Command", "InvalidDocumentContent"),
        (MANUAL | {"accessDuration": 3599}, "ManualApprovalPolicy", "InvalidDocumentContent"),
        (MANUAL | {"accessTokenRole": "Other"}, "ManualApprovalPolicy", "InvalidDocumentContent"),
        (MANUAL | {"mainSteps": MANUAL["mainSteps"] * 2}, "ManualApprovalPolicy", "InvalidDocumentContent"),
        (MANUAL | {"mainSteps": []}, "ManualApprovalPolicy", "InvalidDocumentContent"),
        (
            MANUAL | {"targets": [{"Key": "x", "Values": ["*"]}]},
            "ManualApprovalPolicy",
            "InvalidDocumentContent",
        ),
        (automatic("permit(principal, action, resource);"), "AutoApprovalPolicy", "InvalidDocumentContent"),
    ],
)
def test_what_is_no_document_of_its_type_is_refused(room, content, type_, code):
    with refused(code):
        room.document(content, type_)


@pytest.mark.parametrize(
    "cedar",
    [
        "permit(",
        "permit(principal, action == AWS::SSM::getTokenForInstanceAccess, resource);",
        "// nothing",
    ],
)
def test_cedar_that_does_not_parse_is_refused(room, cedar):
    with refused("InvalidDocumentContent"):
        room.document(automatic(cedar), "AutoApprovalPolicy", AUTO)


def test_yaml_aliases_and_depth_are_refused(room):
    for text in ("a: &x [1]\nb: *x\n", "a: " + "[" * 100 + "]" * 100):
        with refused("InvalidDocumentContent"):
            room.document(text, DocumentFormat="YAML")


def test_bare_cedar_is_taken_under_the_fixed_name(room):
    room.document("permit(principal, action, resource);", "AutoApprovalPolicy", AUTO)

    kept = json.loads(room.ssm.get_document(Name=AUTO)["Content"])
    assert kept["AutoApprovalPolicyDocuments"][0]["content"] == "permit(principal, action, resource);"
    room.ssm.delete_document(Name=AUTO)


def test_second_policy_for_a_tag_is_refused(room):
    first = room.document(manual_for("shop"), "ManualApprovalPolicy")
    room.document(manual_for("bank"), "ManualApprovalPolicy")

    with refused("InvalidDocumentContent") as raised:
        room.document(manual_for("shop"), "ManualApprovalPolicy")

    assert first in str(raised.value)


def test_amazons_documents_are_there_and_cannot_be_changed(room):
    found = room.ssm.describe_document(Name="AWS-StartPortForwardingSession")["Document"]

    assert (found["Owner"], found["DocumentType"]) == ("Amazon", "Session")
    with refused("InvalidDocumentOperation"):
        room.ssm.delete_document(Name="AWS-StartPortForwardingSession")
    with refused("DocumentAlreadyExists"):
        room.document(PREFERENCES, name="AWS-StartSSHSession")


def test_documents_are_listed_in_pages(room):
    names = sorted(room.document(PREFERENCES, name=f"page-{each}") for each in range(3))
    mine = [{"Key": "Name", "Values": ["page-"]}]

    pages = list(
        room.ssm.get_paginator("list_documents").paginate(Filters=mine, PaginationConfig={"PageSize": 2})
    )

    assert [len(page["DocumentIdentifiers"]) for page in pages] == [2, 1]
    assert names == [each["Name"] for page in pages for each in page["DocumentIdentifiers"]]
    with refused("InvalidNextToken"):
        room.ssm.list_documents(NextToken="forged")


def test_another_accounts_and_another_regions_documents_look_like_none(room):
    name = room.document(PREFERENCES)

    with refused("InvalidDocument"):
        room.client("ssm", region="eu-west-1").get_document(Name=name)
    with refused("InvalidDocument"):
        room.ssm.get_document(Name=f"arn:aws:ssm:us-east-1:210987654321:document/{name}")


def test_policy_documents_need_the_right_to_pass_the_token_role(room):
    name = room.user()
    room.iam.put_user_policy(
        UserName=name,
        PolicyName="p",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
        ),
    )
    theirs = room.client("ssm", room.key(name))

    with refused("AccessDeniedException") as raised:
        theirs.create_document(
            Name="pass", DocumentType="ManualApprovalPolicy", Content=json.dumps(manual_for("pass"))
        )

    assert "iam:PassRole" in str(raised.value)
