using TorchSharp.Native;

namespace TorchSharp.Modules;

/// <summary>AdamW: Adam whose weight decay is apart from the gradient (Loshchilov and Hutter 2019, algorithm 2), in PyTorch's order of operations.</summary>
public partial class AdamW : OptimizerHelper, torch.optim.IBetas
{
    public AdamW(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
        : this([new ParamGroup { Parameters = parameters }], lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
    {
    }

    public AdamW(IEnumerable<ParamGroup> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
    {
        Require(lr >= 0, "learning rate", lr);
        Require(beta1 is >= 0 and < 1, "beta1", beta1);
        Require(beta2 is >= 0 and < 1, "beta2", beta2);
        Require(eps >= 0, "eps", eps);
        Require(weight_decay >= 0, "weight_decay", weight_decay);
        _defaults = new Options
        {
            LearningRate = lr,
            InitialLearningRate = lr,
            beta1 = beta1,
            beta2 = beta2,
            eps = eps,
            weight_decay = weight_decay,
            amsgrad = amsgrad,
            maximize = maximize,
        };
        foreach (ParamGroup group in parameters)
            add_param_group(group);
    }

    public (double, double) Betas
    {
        get => ((ParamGroup)_parameter_groups[0]).Betas;
        set
        {
            foreach (Modules.ParamGroup group in _parameter_groups)
                ((ParamGroup)group).Betas = value;
        }
    }

    public override torch.Tensor step(Func<torch.Tensor> closure = null) => _step<ParamGroup>(Step, closure);

    public override void add_param_group(Modules.ParamGroup param_group)
    {
        var defaults = (Options)_defaults;
        var options = (Options)(param_group.Options ??= new Options());
        options.LearningRate ??= defaults.LearningRate;
        options.InitialLearningRate = options.LearningRate.Value;
        options.beta1 ??= defaults.beta1;
        options.beta2 ??= defaults.beta2;
        options.eps ??= defaults.eps;
        options.weight_decay ??= defaults.weight_decay;
        options.amsgrad ??= defaults.amsgrad;
        options.maximize ??= defaults.maximize;
        param_group.Parameters = [.. param_group.Parameters];
        base.add_param_group(param_group);
        foreach (Parameter parameter in param_group.Parameters)
        {
            var state = new State(parameter);
            _state[parameter.Handle] = state;
            state.Initialize(options);
        }
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (!disposing)
            return;
        foreach (OptimizerState state in _state.values())
            ((State)state).Dispose();
        _state.Clear();
    }

    private void Step(ParamGroup group)
    {
        Options options = group.Options;
        using var scope = torch.NewDisposeScope();
        var states = new List<State>();
        var gradients = new List<torch.Tensor>();
        foreach (Parameter parameter in group.Parameters)
        {
            if (parameter.grad is not { } gradient)
                continue;
            var state = (State)_state[parameter.Handle];
            state.step++;
            states.Add(state);
            gradients.Add(gradient);
        }
        if (states.Count == 0 || StepInOnePass(options, states, gradients))
            return;
        for (int i = 0; i < states.Count; i++)
            StepByOperators(options, states[i], gradients[i]);
    }

    /// <summary>The whole group in one pass over memory; false where a tensor is not a dense float one on the CPU.</summary>
    private static unsafe bool StepInOnePass(Options options, List<State> states, List<torch.Tensor> gradients)
    {
        IntPtr[] Handles(Func<State, torch.Tensor> tensor) => [.. states.Select(state => tensor(state).Handle)];
        long[] steps = [.. states.Select(state => state.step)];
        int done;
        fixed (IntPtr* p = Handles(s => s.Parameter), g = torch.autograd.Handles(gradients), m = Handles(s => s.exp_avg), v = Handles(s => s.exp_avg_sq))
        fixed (IntPtr* top = options.amsgrad.Value ? Handles(s => s.max_exp_avg_sq) : null)
        fixed (long* n = steps)
        {
            NativeMethods.Check(NativeMethods.shim_adamw(p, g, m, v, top, n, states.Count, options.LearningRate.Value, options.beta1.Value, options.beta2.Value,
                options.eps.Value, options.weight_decay.Value, options.maximize.Value ? 1 : 0, &done), "AdamW.step");
        }
        GC.KeepAlive(states);
        return done != 0;
    }

    private static void StepByOperators(Options options, State state, torch.Tensor gradient)
    {
        double rate = options.LearningRate.Value, beta1 = options.beta1.Value, beta2 = options.beta2.Value;
        if (options.maximize.Value)
            gradient = -gradient;
        state.Parameter.mul_(1 - rate * options.weight_decay.Value);
        state.exp_avg.mul_(beta1).add_(gradient, 1 - beta1);
        state.exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        torch.Tensor square = state.exp_avg_sq;
        if (options.amsgrad.Value)
        {
            state.max_exp_avg_sq.copy_(state.max_exp_avg_sq.maximum(state.exp_avg_sq));
            square = state.max_exp_avg_sq;
        }
        torch.Tensor denominator = (square.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, state.step))).add_(options.eps.Value);
        state.Parameter.addcdiv_(state.exp_avg, denominator, -rate / (1 - Math.Pow(beta1, state.step)));
    }

    private static void Require(bool holds, string name, double value)
    {
        if (!holds)
            throw new ArgumentException($"Invalid {name}: {value}");
    }
}
