"""`verify`: compares a survey with what Dovecot says about the same spool.

- `shadow.py`: makes the same folders and names elsewhere, each message a link to the live file.
- `doveadm.py`: runs Dovecot's program on the shadow as the owner of the mail.
- `fetch.py`: reads what it says about one folder.
- `expectations.py`: what a server should say, given the survey's problems.
- `verify.py`: compares the two, and lists the differences.
"""
