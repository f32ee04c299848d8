"""Reads servers' settings from text. Pure.

`dovecot_config`: parses the output of `doveconf`, and finds in it the places of mail, the format of
POP3 UIDLs, and the age at which messages are deleted. `dovecot_config_vars`: the variables (`%u`,
`%h`) in Dovecot's paths. `courier_config`: the age at which Courier deletes messages.
`notmuch_config`: the place of notmuch's database.
"""
