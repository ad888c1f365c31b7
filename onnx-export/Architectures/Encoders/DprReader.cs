using Stip.Export.Blocks;
using Stip.Export.Blocks.Heads;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Execution;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>The reader of DPR: BERT that tells where in a passage an answer is, and whether there is one.</summary>
internal sealed class DprReader : IArchitecture
{
    private const string Root = "span_predictor";
    private const string Relevance = "relevance_logits";

    public string Name => "DPRReader";

    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = Bert.ReadConfig(checkpoint.Config, firstPosition: 0);
        var model = TextEncoder.Build(
            checkpoint,
            dtype,
            config,
            Bert.Names($"{Root}.encoder.bert_model") with { Pooler = null },
            TextHead.Hidden);
        var encoder = (EncoderGraph)model.Graph;
        var (graph, rows) = (encoder.Graph, encoder.Graph.Withdraw(EncoderPorts.Hidden));
        RowHead.AppendAnswer(encoder, rows, $"{Root}.qa_outputs");
        var score = Linear.FromLinear(
            encoder, "relevance", FirstRow.Append(encoder, rows), $"{Root}.qa_classifier", encoder.HiddenSize, 1, true);
        graph.Append(
            "", "Squeeze", $"{Relevance}/Squeeze", [score, graph.AddConstant("relevance.axis", -1)], [Relevance]);
        graph.AddOutput(Relevance, dtype, "batch");
        return model;
    }
}
