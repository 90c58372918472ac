// Two test classes at a time: the kernels' threads fill the cores for one caller at a time, and more classes at once need more memory. What
// counts live tensors or measures memory runs alone, by [DoNotParallelize].
[assembly: Parallelize(Scope = ExecutionScope.ClassLevel, Workers = 2)]
