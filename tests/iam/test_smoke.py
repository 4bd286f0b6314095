def test_root_may_ask_who_it_is(authority):
    identity = authority.client("sts").get_caller_identity()

    assert identity["Arn"] == "arn:aws:iam::123456789012:root"
