using TorchSharp.Utils;

namespace TorchSharp.Modules;

/// <summary>What optimizers written in managed code share: groups, states and their files.</summary>
public abstract class OptimizerHelper : torch.optim.Optimizer
{
    protected OptimizerOptions _defaults;

    protected OrderedDict<IntPtr, OptimizerState> _state = [];

    public OptimizerHelper()
        : base(IntPtr.Zero)
    {
    }

    public void save_state_dict(string location)
    {
        using FileStream stream = File.Create(location);
        using var writer = new BinaryWriter(stream);
        save_state_dict(writer);
    }

    public void load_state_dict(string location)
    {
        using FileStream stream = File.OpenRead(location);
        using var reader = new BinaryReader(stream);
        load_state_dict(reader);
    }

    public void save_state_dict(BinaryWriter writer)
    {
        writer.Write(GetType().Name);
        writer.Write(_parameter_groups.Count);
        writer.Write(_state.Count);
        foreach (ParamGroup group in _parameter_groups)
            group.Options.SaveStateDict(writer);
        foreach (OptimizerState state in _state.values())
            state.SaveStateDict(writer);
    }

    public void load_state_dict(BinaryReader reader)
    {
        string kind = reader.ReadString();
        if (kind != GetType().Name)
            throw new InvalidDataException($"The state is of an optimizer {kind}, and this one is {GetType().Name}.");
        CheckCounts(reader.ReadInt32(), reader.ReadInt32());
        foreach (ParamGroup group in _parameter_groups)
            group.Options.LoadStateDict(reader);
        foreach (OptimizerState state in _state.values())
            state.LoadStateDict(reader);
    }

    public virtual void load_state_dict(StateDictionary state_dict)
    {
        CheckCounts(state_dict.Options.Count, state_dict.State.Count);
        for (int i = 0; i < _parameter_groups.Count; i++)
            _parameter_groups[i].Options.LoadStateDict(state_dict.Options[i]);
        OptimizerState[] states = [.. _state.values()];
        for (int i = 0; i < states.Length; i++)
        {
            if (!ReferenceEquals(states[i], state_dict.State[i]))
                states[i].LoadStateDict(state_dict.State[i]);
        }
    }

    public virtual StateDictionary state_dict()
    {
        var result = new StateDictionary();
        foreach (ParamGroup group in _parameter_groups)
        {
            result.Options.Add(group.Options);
            var indices = new List<int>();
            foreach (Parameter parameter in group.Parameters)
            {
                indices.Add(result.State.Count);
                result.State.Add(_state[parameter.Handle]);
            }
            result.StateIndexRef.Add(indices);
        }
        return result;
    }

    public void to(torch.Device device)
    {
        foreach (OptimizerState state in _state.values())
            state.to(device);
    }

    public override void zero_grad() => base.zero_grad();

    protected torch.Tensor _step<T>(Action<T> body, Func<torch.Tensor> loss_closure = null) where T : ParamGroup
    {
        torch.Tensor loss = null;
        if (loss_closure is not null)
        {
            using (torch.enable_grad())
                loss = loss_closure();
        }
        using (torch.no_grad())
        {
            foreach (ParamGroup group in _parameter_groups)
                body((T)group);
        }
        return loss;
    }

    public override IEnumerable<Parameter> parameters() => base.parameters();

    public override void add_param_group(ParamGroup param_group) => base.add_param_group(param_group);

    private void CheckCounts(int groups, int states)
    {
        if (groups != _parameter_groups.Count || states != _state.Count)
            throw new ArgumentException($"The state has {groups} groups and {states} parameters, this optimizer {_parameter_groups.Count} and {_state.Count}.");
    }
}
