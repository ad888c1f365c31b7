using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Architectures.Sound;

/// <summary>From the frames of a sound to what a model says of it.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="config">config.json.</param>
internal sealed class SoundEnd(EncoderGraph encoder, ConfigJson config)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the head and declares its outputs.</summary>
    /// <param name="head">Which one.</param>
    /// <param name="states">Frames <c>[batch, frames, hidden]</c> before the first layer and after each.</param>
    public void Append(SoundHead head, IReadOnlyList<string> states)
    {
        switch (head)
        {
            case SoundHead.Letters:
                RowHead.AppendLabels(encoder, states[^1], "lm_head", config.FindSize("vocab_size") ?? 32);
                break;
            case SoundHead.Classes:
                AppendClasses(Weighted(states));
                break;
            case SoundHead.Frames:
                RowHead.AppendLabels(encoder, Weighted(states), "classifier", Labels.Read(config).Names.Count);
                break;
            case SoundHead.Voice:
                AppendVoice(Weighted(states));
                break;
            default:
                HiddenRows.Append(encoder, states[^1]);
                break;
        }
    }

    // Shares of all layers, where a head was trained on them.
    private string Weighted(IReadOnlyList<string> states)
    {
        if (!config.Flag("use_weighted_layer_sum", false))
        {
            return states[^1];
        }

        var stored = new float[states.Count];
        encoder.Tensors.Require("layer_weights", states.Count).Read(0, stored);
        var largest = stored.Max();
        var shares = stored.Select(weight => Math.Exp((double)weight - largest)).ToArray();
        string? sum = null;
        foreach (var (state, i) in states.Select((state, i) => (state, i)))
        {
            var part = _graph.Add("Mul", $"layers.{i}.share", [
                state, _graph.AddConstant($"layers.{i}.weight", encoder.Weights.Dtype, shares[i] / shares.Sum())]);
            sum = sum is null ? part : _graph.Add("Add", $"layers.{i}.sum", [sum, part]);
        }

        return sum!;
    }

    private void AppendClasses(string rows)
    {
        var (narrow, labels) = (config.FindSize("classifier_proj_size") ?? 256, Labels.Read(config).Names.Count);
        var projected = Linear.FromLinear(
            encoder, "head.projector", rows, "projector", encoder.HiddenSize, narrow, hasBias: true);
        var mean = Mean("head.mean", projected);
        Declare(
            EncoderPorts.Logits,
            Linear.FromLinear(encoder, "head", mean, "classifier", narrow, labels, hasBias: true),
            labels);
    }

    private void AppendVoice(string rows)
    {
        var (widths, kernels, gaps) = (
            config.Sizes("tdnn_dim") ?? [512, 512, 512, 512, 1500],
            config.Sizes("tdnn_kernel") ?? [5, 3, 3, 1, 1],
            config.Sizes("tdnn_dilation") ?? [1, 2, 3, 1, 1]);
        if (widths.Count == 0 || widths.Count != kernels.Count || widths.Count != gaps.Count)
        {
            throw new RefusedException($"config.json: tdnn_dim, tdnn_kernel and tdnn_dilation have {widths.Count}, "
                + $"{kernels.Count} and {gaps.Count} numbers; they must have as many");
        }

        rows = Linear.FromLinear(
            encoder, "head.projector", rows, "projector", encoder.HiddenSize, widths[0], hasBias: true);
        for (var i = 0; i < widths.Count; i++)
        {
            var inputs = widths[Math.Max(i - 1, 0)];
            rows = Delayed($"head.tdnn.{i}", $"tdnn.{i}.kernel", rows, inputs, widths[i], kernels[i], gaps[i]);
        }

        var both = _graph.Add("Concat", "head.both", [Mean("head.mean", rows), Spread(rows)],
            NodeAttribute.Int("axis", -1));
        var width = config.FindSize("xvector_output_dim") ?? 512;
        var voice = Linear.FromLinear(
            encoder, "head.voice", both, "feature_extractor", 2 * widths[^1], width, hasBias: true);
        Declare(
            EncoderPorts.Logits,
            Linear.FromLinear(encoder, "head", voice, "classifier", width, width, hasBias: true),
            width);
        Declare("embeddings", voice, width);
    }

    // Frames some steps apart, each by a matrix of its own.
    private string Delayed(string name, string tensor, string rows, int inputs, int outputs, int kernel, int gap)
    {
        var stored = encoder.Tensors.Require($"{tensor}.weight", outputs, kernel * inputs);
        var flat = encoder.Weights.Rows([outputs, kernel, inputs], [stored], 1);
        var turned = NodeAttribute.Ints("perm", 0, 2, 1);
        var made = _graph.Add(
            "Conv",
            name,
            [
                _graph.Add("Transpose", $"{name}.turned", [rows], turned),
                _graph.Add("Transpose", $"{name}.kernel", [_graph.AddWeight($"{name}.weight", flat)], turned),
                _graph.AddWeight($"{name}.bias", encoder.Weights.Vector((
                    encoder.Tensors.Require($"{tensor}.bias", outputs),
                    Blocks.Attention.HeadPadding.None(outputs)))),
            ],
            NodeAttribute.Ints("kernel_shape", kernel),
            NodeAttribute.Ints("dilations", gap));
        return _graph.Add("Relu", $"{name}.act", [_graph.Add("Transpose", $"{name}.back", [made], turned)]);
    }

    private string Mean(string name, string rows) => _graph.Add(
        "ReduceMean", name, [rows, _graph.Shared("head.axis", 1)], NodeAttribute.Int("keepdims", 0));

    // The standard deviation of the frames, by their number less one.
    private string Spread(string rows)
    {
        var off = _graph.Add("Sub", "head.off", [
            rows, _graph.Add("Unsqueeze", "head.middle", ["head.mean/output", _graph.Shared("head.axis", 1)])]);
        var sum = _graph.Add(
            "ReduceSumSquare", "head.squares", [off, _graph.Shared("head.axis", 1)], NodeAttribute.Int("keepdims", 0));
        var count = _graph.Add("Cast", "head.count", [
            _graph.Add("Sub", "head.less", [
                _graph.Add(
                    "Shape", "head.frames", [rows], NodeAttribute.Int("start", 1), NodeAttribute.Int("end", 2)),
                _graph.AddConstant("head.one", 1)])],
            NodeAttribute.Int("to", (long)encoder.Weights.Dtype.ToOnnx()));
        return _graph.Add("Sqrt", "head.spread", [_graph.Add("Div", "head.variance", [sum, count])]);
    }

    private void Declare(string name, string value, int width)
    {
        _graph.Append("", "Identity", $"{name}/Identity", [value], [name]);
        _graph.AddOutput(name, encoder.Weights.Dtype, "batch", width);
    }
}
