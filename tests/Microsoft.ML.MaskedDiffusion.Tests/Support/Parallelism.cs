// Three test classes at a time, because some wait for processes that they have started. What counts live tensors or measures memory runs
// alone, by [DoNotParallelize].
[assembly: Parallelize(Scope = ExecutionScope.ClassLevel, Workers = 3)]
