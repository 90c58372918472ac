using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class utils
        {
            public static Tensor parameters_to_vector(IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                return cat([.. tensors.Select(parameter => parameter.reshape(-1))]).MoveToOuterDisposeScope();
            }

            public static void vector_to_parameters(Tensor vec, IEnumerable<Parameter> tensors)
            {
                using var scope = NewDisposeScope();
                using var unrecorded = no_grad();
                long start = 0;
                foreach (Parameter parameter in tensors)
                {
                    parameter.copy_(vec.narrow(0, start, parameter.numel()).view(parameter.shape));
                    start += parameter.numel();
                }
            }
        }
    }
}
