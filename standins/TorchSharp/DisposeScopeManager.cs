namespace TorchSharp;

/// <summary>The scopes open on each thread.</summary>
public class DisposeScopeManager
{
    [ThreadStatic] private static DisposeScopeManager t_current;

    internal static DisposeScopeManager ThreadSingleton => t_current ??= new DisposeScopeManager();

    internal Stack<DisposeScope> DisposeScopeStack { get; } = new();

    internal ThreadDisposeScopeStatistics StatisticsInstance { get; } = new();

    public static ThreadDisposeScopeStatistics Statistics => ThreadSingleton.StatisticsInstance;

    internal static DisposeScope NewDisposeScope()
    {
        var scope = new DisposeScope(ThreadSingleton);
        ThreadSingleton.DisposeScopeStack.Push(scope);
        return scope;
    }

    /// <summary>Hands a new tensor to the innermost scope of this thread; null where none is open.</summary>
    internal DisposeScope RegisterOnCurrentScope(IDisposable disposable)
    {
        if (DisposeScopeStack.TryPeek(out DisposeScope scope))
        {
            scope.Adopt(disposable);
            StatisticsInstance.CreatedInScopeCount++;
            return scope;
        }
        StatisticsInstance.CreatedOutsideScopeCount++;
        return null;
    }

    internal void Close(DisposeScope scope)
    {
        // Scopes closed out of order leave the others where they are.
        if (DisposeScopeStack.Contains(scope))
        {
            DisposeScope[] kept = [.. DisposeScopeStack.Where(open => open != scope).Reverse()];
            DisposeScopeStack.Clear();
            foreach (DisposeScope open in kept)
                DisposeScopeStack.Push(open);
        }
    }
}
