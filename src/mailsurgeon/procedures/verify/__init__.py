"""`verify`: a survey compared with what Dovecot says of the same spool.

- `shadow.py`: the same folders and names elsewhere, every message a link to the live file.
- `doveadm.py`: Dovecot's program, run on the shadow as the owner of the mail.
- `fetch.py`: what it says of one folder.
- `expectations.py`: what the survey's problems lead to at a server.
- `verify.py`: both beside each other, and where they differ.
"""
