"""`playvoice init`: a few questions, and a commented `playvoice.toml` that works.

The rules that an answer is held to are those of the configuration itself (`rules.py`); what is asked stands in
`questions.py`, what is written in `writing.py`.
"""
