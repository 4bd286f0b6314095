"""What people do about access requests from where they sit, as clients that sign with keys of their own."""
