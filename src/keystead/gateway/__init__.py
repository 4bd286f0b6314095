"""The AWS API door: which operation a request is for, who asks, whether they may, and the answer on the wire."""
