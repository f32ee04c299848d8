"""What can be wrong with a spool: the catalogue of problems, and the rules that find them.

- `severity.py`: how bad a problem is.
- `kind.py`: the fields of a catalogue entry, and what each is used for.
- `stops.py`: which programs stop at a problem: the values of one of these fields.
- `phrases.py`: short phrases of evidence, made from the detail that a rule returns.
- `catalogue.py`: the entries, one for each code.
- `explanations.py`: the long text of each code, for `explain` and the documents.
- `conventions.py`: how the names of a folder end, its own separator among them.
- `facts.py`: what a survey knows about a file and its folder, and the finding that a rule returns.
- `message_rules.py`: rules for a single message, and the quick test that most messages pass.
- `encrypted.py`: what can be seen of a file that Dovecot has encrypted.
- `group_rules.py`: rules that compare messages, and rules for files outside cur and new.
- `folder_rules.py`: rules for folders, directories and servers' files.
- `state_rules.py`: rules for the files in which servers and mbsync keep sums and states.

To add a problem, add an entry, an explanation and a rule. Rules are pure; nothing here reads files.
"""
