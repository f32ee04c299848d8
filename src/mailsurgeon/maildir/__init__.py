"""What a Maildir is, as bytes and names. Pure: nothing here reads or writes a file.

`spool`: a mail root and where its parts lie. `folder_names`: a folder's path and its name.
`filename`: what a message's name tells; `rename`: the name it is to have instead.
`message`: what a message's text tells; `message_fast`: the same of a usual one, in a hurry;
`header_dates`: its dates.
`server_files`: the table of servers, with all they keep in a spool; `server_entry`: what an entry
of the table can say; `reserved`: which names are not mail.
`lists/`: the contents of servers' lists. `config/`: the settings of servers.
"""
