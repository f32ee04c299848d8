"""The readers: processes that open messages and examine them, on this machine or on others.

`pool` starts worker processes here. `cluster` hands the work to a Dask cluster through the same
interface, `concurrent.futures.Executor`; `cluster_probe` finds out which of its workers see the
same spool and run the same program.
"""
