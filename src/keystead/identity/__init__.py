"""Who there is: accounts, their users, and what a verified credential makes of its holder."""
