"""A second evaluator, as plain as can be: it reads JSON anew for every question and compiles nothing.

It shares no code with the package, so that an error has to be made twice to go unseen.
"""

import base64
import ipaddress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
POSITIVE = [
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "NumericEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "ArnEquals",
    "ArnLike",
]


class Unreadable(Exception):
    pass


def listed(value):
    return value if isinstance(value, list) else [value]


# -- patterns: a list of (character, is a wildcard) ------------------------------------------------------


def glob(pattern, text):
    """Whether a pattern matches, by trying everything (with a table, so that it ends)."""
    reached = {0}
    for character, wild in pattern:
        if wild and character == "*":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(text) and (wild or text[at] == character)}
    return len(text) in reached


def tokens(text, context, variables):
    """The characters of a pattern, variables replaced; None when one has no value."""
    found, at = [], 0
    while at < len(text):
        if variables and text[at : at + 2] == "${":
            end = text.find("}", at)
            if end < 0:
                raise Unreadable
            inside, at = text[at + 2 : end], end + 1
            if inside in ("*", "?", "$"):
                found.append((inside, False))
                continue
            name, comma, default = inside.partition(",")
            if not name.strip() or "{" in inside:
                raise Unreadable
            values = context.get(name.strip().lower(), [])
            if len(values) == 1:
                value = values[0]
            elif comma:
                value = default.strip()[1:-1]
            else:
                return None
            found += [(character, False) for character in value]
        else:
            found.append((text[at], text[at] in "*?"))
            at += 1
    return found


def fields(pattern):
    """A pattern cut at its first five literal colons, the missing fields filled with `*`."""
    cut = [[]]
    for character, wild in pattern:
        if character == ":" and not wild and len(cut) < 6:
            cut.append([])
        else:
            cut[-1].append((character, wild))
    return cut + [[("*", True)]] * (6 - len(cut))


def arn_matches(pattern, arn):
    parts = arn.split(":", 5)
    return len(parts) == 6 and all(glob(one, part) for one, part in zip(fields(pattern), parts, strict=True))


# -- elements of a statement -----------------------------------------------------------------------------


def action_matches(statement, action):
    negated = "NotAction" in statement
    for pattern in listed(statement["NotAction" if negated else "Action"]):
        if glob(tokens(pattern.lower(), {}, False), action.lower()):
            return not negated
    return negated


def resource_matches(statement, resource, context, variables):
    negated = "NotResource" in statement
    if not negated and "Resource" not in statement:
        return True
    deny = statement["Effect"] == "Deny"
    hit = False
    for pattern in listed(statement["NotResource" if negated else "Resource"]):
        if pattern == "*":
            hit = True
            continue
        head, tail = pattern, ""
        if pattern.count(":") >= 5:
            parts = pattern.split(":", 5)
            head, tail = ":".join(parts[:5]) + ":", parts[5]
        try:
            resolved = tokens(tail, context, variables)
        except Unreadable:
            hit = hit or deny != negated
            continue
        if resolved is None:
            hit = hit or (negated and not deny)
        else:
            hit = hit or arn_matches(tokens(head, context, False) + resolved, resource)
    return hit != negated


def number(text):
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unreadable from error


def date(text):
    if text.isdigit():
        return Decimal(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable from error
    return Decimal(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())


def boolean(text):
    if text.lower() not in ("true", "false"):
        raise Unreadable
    return text.lower() == "true"


def binary(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Unreadable from error


def network(text):
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise Unreadable from error


READ = {"Numeric": number, "Date": date, "Bool": boolean, "Binary": binary, "IpAddress": network}
COMPARE = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}


def value_matches(operator, presented, wanted, context, variables):
    if operator.startswith(("String", "Arn")):
        pattern = tokens(wanted, context, variables)
        if pattern is None:
            return False
        plain = "".join(character for character, _ in pattern)
        if operator == "StringEquals":
            return presented == plain
        if operator == "StringEqualsIgnoreCase":
            return presented.lower() == plain.lower()
        return glob(pattern, presented) if operator == "StringLike" else arn_matches(pattern, presented)
    family = next(name for name in READ if operator.startswith(name))
    limit = READ[family](wanted)
    try:
        value = READ[family](presented)
    except Unreadable:
        return False
    if family == "IpAddress":
        return value.version == limit.version and value.subnet_of(limit)
    return COMPARE[operator.removeprefix(family) or "Equals"](value, limit)


def condition_holds(operator, key, values, context, deny, variables):
    prefix, _, base = operator.rpartition(":")
    if base == "Null":
        return any((key.lower() not in context) == (str(value).lower() == "true") for value in listed(values))
    if_exists = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    negated = base in NEGATED
    base = NEGATED.get(base, base)
    if base not in POSITIVE or not listed(values):
        return deny
    wanted = [str(value).lower() if isinstance(value, bool) else str(value) for value in listed(values)]
    try:
        for one in wanted:
            value_matches(base, "", one, context, variables)
    except Unreadable:
        return deny
    if key.lower() not in context:
        return prefix == "ForAllValues" or if_exists or (negated and prefix != "ForAnyValue")
    satisfied = [
        any(value_matches(base, presented, one, context, variables) for one in wanted) != negated
        for presented in context[key.lower()]
    ]
    return all(satisfied) if prefix == "ForAllValues" else any(satisfied)


def applies(document, statement, action, resource, context):
    variables = document.get("Version") == "2012-10-17"
    deny = statement["Effect"] == "Deny"
    return (
        action_matches(statement, action)
        and resource_matches(statement, resource, context, variables)
        and all(
            condition_holds(operator, key, values, context, deny, variables)
            for operator, body in statement.get("Condition", {}).items()
            for key, values in body.items()
        )
    )


# -- the decision ----------------------------------------------------------------------------------------


def naming(statement, caller):
    """How a Principal element names the caller: 0 not, 1 its account, 2 who issued it, 3 itself."""
    session = caller.issuer_arn != ""
    everyone = 2 if session else 3
    ways = {caller.account: 1, f"arn:aws:iam::{caller.account}:root": 1}
    if caller.type != "root":
        ways |= {caller.issuer_arn: 2, caller.issuer_id: 2, caller.arn: 3, caller.id: 3}
    element = statement.get("Principal", statement.get("NotPrincipal"))
    names = ["*"] if element == "*" else listed(element.get("AWS", []))
    found = {everyone if name == "*" else ways.get(name, 0) for name in names} - {0}
    if "Principal" in statement:
        if "*" in names:
            return everyone
        return max(found, default=0)
    if statement["Effect"] == "Allow":
        return 0 if found else everyone
    needed = {1} if caller.type == "root" else {1, 2, 3} if session else {1, 3}
    return 0 if "*" in names or needed <= found else everyone


def statements(documents, effect, action, resource, context):
    return [
        statement
        for document in documents
        for statement in listed(document["Statement"])
        if statement["Effect"] == effect and applies(document, statement, action, resource, context)
    ]


def decide(world, action, resource, context):
    """`world`: caller, identity, boundary, sessions, resource (documents or None), owner, must_allow."""
    caller = world["caller"]

    def own(effect, name):
        return statements(world[name] or [], effect, action, resource, context)

    def side(effect):
        return [naming(one, caller) for one in own(effect, "resource") if naming(one, caller)]

    if action.lower() == "sts:getcalleridentity":
        return "allowed"
    denied = any(own("Deny", name) for name in ("identity", "boundary", "sessions"))
    boundary = world["boundary"] is None or bool(own("Allow", "boundary"))
    session = world["sessions"] is None or bool(own("Allow", "sessions"))
    if caller.type == "federated-user" and world["sessions"] is None:
        session = False
    identity = bool(own("Allow", "identity"))
    within = (identity and boundary and session) or caller.type == "root"
    grant = max(side("Allow"), default=0)
    if world["owner"] != caller.account:
        if denied:
            return "explicitDeny"
        if not within:
            return "implicitDeny"
        return "explicitDeny" if side("Deny") else "allowed" if grant else "implicitDeny"
    if denied or side("Deny"):
        return "explicitDeny"
    if world["must_allow"] and not grant:
        return "implicitDeny"
    if within or grant == 3 or (grant == 2 and boundary and session):
        return "allowed"
    return "implicitDeny"
