"""The workflows, named like their commands, built on the survey and on surgery.

- `survey_spool.py`: surveys one spool and keeps its index if it can.
- `survey_many.py`: surveys many spools, with one row for each (`scan-all`).
- `fix.py`: repairs without the screen.
- `obstacles.py`: where servers and syncs still stop once a plan has been carried out.
- `verify/`: compares a survey with what Dovecot says about the same spool.
- `demo.py`: makes a throw-away copy of the sample spool.
"""
