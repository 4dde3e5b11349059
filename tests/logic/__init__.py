"""The pure core, `streams.logic`, all packages of it, with `partition` and the rows it stores."""
