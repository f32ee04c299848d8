"""What can be wrong with a spool: the catalogue of problems, and the rules that find them.

- `severity.py`: how bad a problem is.
- `kind.py`: the fields of an entry of the catalogue, and what each is used for.
- `phrases.py`: the evidence of a problem in a few words, made from the detail its rule gives.
- `catalogue.py`: the entries, one for each code.
- `explanations.py`: the long text of each code, for `explain` and the documents.
- `facts.py`: what a survey knows of a file and its folder, and the finding that a rule returns.
- `message_rules.py`: rules for one message by itself, and the quick test that most pass.
- `group_rules.py`: rules for messages beside each other, and for files outside cur and new.
- `folder_rules.py`: rules for folders, directories and servers' files.

A new problem is an entry, an explanation and a rule. Rules are pure; nothing here reads a disk.
"""
