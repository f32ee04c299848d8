"""The workflows, each by the word of its command, built on the survey and on surgery.

- `survey_spool.py`: a spool surveyed now, with an index that is kept where it can be.
- `survey_many.py`: many spools one after another, a row for each (`scan-all`).
- `fix.py`: repairs without the screen.
- `verify/`: a survey compared with what Dovecot says of the same spool.
- `demo.py`: a throw-away copy of the sample spool.
"""
