"""The processes that read messages; each is handed out as a `concurrent.futures.Executor`.

- `pool`: processes of this machine, started ahead and replaced when one of them dies
- `scheduler`: connects to the scheduler of a Dask cluster
- `cluster`: workers of a Dask cluster that mount the same spool
- `cluster_probe`: whether such a worker runs this very program and sees this very spool
"""
