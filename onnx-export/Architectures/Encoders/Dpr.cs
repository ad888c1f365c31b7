using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The two encoders of DPR (dense passage retrieval): BERT whose first row, projected or not, stands for the
/// text.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="root">What the names of its tensors begin with.</param>
internal sealed class Dpr(string name, string root) : IArchitecture
{
    public string Name => name;

    // That is the question encoder's, the passages' and the reader's alike.
    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config, firstPosition: 0);
        var names = Bert.Names($"{root}.bert_model") with { Pooler = null };
        var model = TextEncoder.Build(checkpoint, dtype, config, names, TextHead.Hidden);
        var encoder = (EncoderGraph)model.Graph;
        var (row, width) = (FirstRow.Append(encoder, EncoderPorts.Hidden), config.Sizes.Hidden);
        if (checkpoint.Config.Count("projection_dim") is > 0 and var projected)
        {
            (row, width) = (
                Linear.FromLinear(encoder, "projection", row, $"{root}.encode_proj", width, projected, hasBias: true),
                projected);
        }

        PoolerOutput.Append(encoder, row, width);
        return model with { Pooling = EncoderPorts.Pooled };
    }
}
