namespace Microsoft.ML.Runtime;

public interface IComponentFactory
{
}
