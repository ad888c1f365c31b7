using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>RoCBert where it is told neither how words look nor how they sound: BERT whose rows of words go through a
/// matrix beside those of the first look and sound, as where none are given.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RocBert(string name, TextHead head) : IArchitecture
{
    private const string Root = "roc_bert";
    private const string Embeddings = $"{Root}.embeddings";

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? Root : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var (config, tensors) = (checkpoint.Config, checkpoint.Tensors);
        var basis = Bert.ReadConfig(config, firstPosition: 0);
        if (config.Flag("concat_input", true))
        {
            basis = basis with { OfWord = words => Mapped(config, tensors, basis.Sizes.Hidden, words) };
        }

        return TextEncoder.Build(checkpoint, dtype, basis, Bert.Names(Root), head);
    }

    // The matrix stands over a word, its look and its sound, side by side.
    private static AddedRows Mapped(ConfigJson config, ITensorStore tensors, int hidden, CheckpointTensor words)
    {
        const string Map = $"{Embeddings}.map_inputs_layer";
        (string Kind, string Table, int Rows, int Width)[] parts =
        [
            ("shape", "shape_embed", 24858, 512),
            ("pronunciation", "pronunciation_embed", 910, 768),
        ];
        var there = parts.Where(part => config.Flag($"enable_{part.Kind}", true)).Select(part => (
            part.Table,
            Rows: config.FindSize($"{part.Kind}_vocab_size") ?? part.Rows,
            Width: config.FindSize($"{part.Kind}_embed_dim") ?? part.Width)).ToList();
        var matrix = tensors.Require($"{Map}.weight", hidden, hidden + there.Sum(part => part.Width));
        List<CheckpointTensor> added = [new ReshapedTensor(tensors.Require($"{Map}.bias", hidden), [1, hidden])];
        var column = hidden;
        foreach (var (table, rows, width) in there)
        {
            var first = new TensorRows(tensors.Require($"{Embeddings}.{table}.weight", rows, width), 0, 1);
            added.Add(new ProjectedRows(first, new TensorColumns(matrix, column, width)));
            column += width;
        }

        return new AddedRows(new ProjectedRows(words, new TensorColumns(matrix, 0, hidden)), added);
    }
}
