"""What `keystead doctor` looks at: one file per part of the body, each a list of findings."""
