"""The settings of servers, read from text. Pure.

`dovecot_config`: what `doveconf` prints, as blocks, and what it says of where mail lies, of POP3
UIDLs and of what is deleted by age; `dovecot_config_vars`: the variables (`%u`, `%h`) in it.
`courier_config`: after how many days Courier deletes from a folder.
"""
