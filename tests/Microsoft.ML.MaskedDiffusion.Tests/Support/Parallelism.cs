// Three test classes at a time, because some wait for processes that they have started. What counts live tensors or measures memory runs
// after them by [DoNotParallelize]; a class of such tests lies in Microsoft.ML.MaskedDiffusion.Tests.Alone.
[assembly: Parallelize(Scope = ExecutionScope.ClassLevel, Workers = 3)]
