"""The processes that read messages; callers use them as a `concurrent.futures.Executor`.

- `alone`: what only a process that answers one call at a time may do
- `pool`: processes of this machine, started ahead and replaced when one of them dies
- `scheduler`: connects to the scheduler of a Dask cluster
- `cluster`: workers of a Dask cluster that mount the same spool
- `cluster_probe`: checks that such a worker runs the same program and sees the same spool
"""
