using System.Globalization;
using System.Text.Json;
using Stip.Protocol.Packages;

namespace Stip.Api.Engine.Caches;

/// <summary>A tensor of a KV cache: its names and where in it the tokens of a sequence lie. Or a state, which is as
/// large whatever the sequence, and counts as one token.</summary>
/// <param name="Past">As an input.</param>
/// <param name="Present">As an output.</param>
/// <param name="Axes">Lengths; 0 for the axis that grows and for that of sequences.</param>
/// <param name="Length">The axis that grows; below 0 for a state.</param>
/// <param name="Batch">The axis of sequences; null where the tensor holds one.</param>
internal sealed record CacheTensor(
    string Past, string Present, IReadOnlyList<int> Axes, int Length, int? Batch)
{
    private static readonly string[] Parts = ["key", "value"];

    /// <summary>The window that bounds what is kept, 0 where every token is.</summary>
    public int Window { get; init; }

    /// <summary>True for what a step gives anew at the same size.</summary>
    public bool IsState => Length < 0;

    /// <summary>True where several sequences fit: a sequence's rows then lie together within each of
    /// <see cref="Blocks"/>.</summary>
    public bool HoldsSeveral { get; } = FirstAxis(Batch, Length) is not null;

    /// <summary>Blocks of one sequence, far apart where other sequences lie between.</summary>
    public int Blocks { get; } = Product(Axes, 0, FirstAxis(Batch, Length) ?? 0);

    /// <summary>Runs of tokens in a block.</summary>
    public int Runs { get; } = Product(Axes, FirstAxis(Batch, Length) ?? 0, Length);

    /// <summary>Numbers of a token in a run.</summary>
    public int Width { get; } =
        Product(Axes, Length < 0 ? FirstAxis(Batch, Length) ?? 0 : Length + 1, Axes.Count);

    /// <summary>The tensors in the order of their layers.</summary>
    /// <param name="cache">Judged.</param>
    public static IReadOnlyList<CacheTensor> Of(CacheManifest cache) => cache.Tensors is { } tensors
        ? [.. tensors.Select(Of)]
        : [.. Enumerable.Range(0, cache.Layers).SelectMany(layer => Parts.Select(part =>
            new CacheTensor(
                $"past_key_values.{layer}.{part}", $"present.{layer}.{part}",
                [0, cache.KvHeads, 0, cache.HeadDim], Length: 2, Batch: 0) { Window = cache.BoundOf(layer) }))];

    /// <summary>What is kept of an encoder's states, in the order of the manifest.</summary>
    /// <param name="cache">Judged.</param>
    public static IReadOnlyList<CacheTensor> CrossOf(CacheManifest cache) => [.. (cache.Cross ?? []).Select(Of)];

    /// <summary>The shape for some sequences of one length.</summary>
    public long[] Shape(int batch, int tokens) =>
        [.. Axes.Select((length, axis) => axis == Length ? tokens : axis == Batch ? batch : (long)length)];

    /// <summary>True where these lengths do not contradict the axes; below 0 for one that is free.</summary>
    public bool Fits(IReadOnlyList<int> lengths) => lengths.Count == Axes.Count
        && lengths.Zip(Axes).All(pair => pair.First < 0 || pair.Second == 0 || pair.First == pair.Second);

    public override string ToString() => "[" + string.Join(", ", Axes.Select((length, axis) =>
        axis == Length ? CacheTensorManifest.Length
        : axis == Batch ? CacheTensorManifest.Batch
        : length.ToString(CultureInfo.InvariantCulture))) + "]";

    private static CacheTensor Of(CacheTensorManifest tensor)
    {
        string[] words = [.. tensor.Axes.Select(axis => axis.ToString())];
        var batch = Array.IndexOf(words, CacheTensorManifest.Batch);
        return new CacheTensor(
            tensor.Past, tensor.Present,
            [.. tensor.Axes.Select(axis => axis.ValueKind == JsonValueKind.Number ? axis.GetInt32() : 0)],
            Array.IndexOf(words, CacheTensorManifest.Length), batch < 0 ? null : batch);
    }

    // The axis of sequences, where each has its tokens together behind it.
    private static int? FirstAxis(int? batch, int length) => length < 0 || batch < length ? batch : null;

    // Axes of length 0 here are those of sequences.
    private static int Product(IReadOnlyList<int> axes, int from, int to) =>
        axes.Take(from..Math.Max(from, to)).Where(length => length > 0)
            .Aggregate(1, (product, length) => checked(product * length));
}
