using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Microsoft.ML.Transforms;

/// <summary>Calls a static generic method of our own for a type known only at run time.</summary>
internal static class Generic
{
    public static Type ItemRawType(DataViewType type) => type is VectorDataViewType vector ? vector.ItemType.RawType : type.RawType;

    public static object Call(Type owner, string method, Type argument, params object[] arguments) => Call(owner, method, [argument], arguments);

    public static object Call(Type owner, string method, Type[] typeArguments, params object[] arguments)
    {
        var found = owner.GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly);
        try
        {
            return found.MakeGenericMethod(typeArguments).Invoke(null, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }
}
