"""What tests share: a running authority, clients for it, and fakes of clock and entropy."""
