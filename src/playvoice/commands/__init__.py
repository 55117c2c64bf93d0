"""What each command of `playvoice` does; `playvoice.cli` only names them."""
