namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint whose tensors a model asks for under other names than they have.</summary>
/// <param name="whole">The checkpoint, which stays its owner's to close.</param>
/// <param name="candidates">What a tensor may be called; the first name that is there counts.</param>
internal sealed class RenamedTensors(ITensorStore whole, Func<string, IEnumerable<string>> candidates) : ITensorStore
{
    /// <summary>A part of a checkpoint under the names that it would have on its own.</summary>
    /// <param name="whole">The whole checkpoint, which stays its owner's to close.</param>
    /// <param name="prefixes">How names of the part begin, and how they may begin in the whole; the first that is there
    /// counts.</param>
    public RenamedTensors(ITensorStore whole, IReadOnlyList<(string Part, string Whole)> prefixes)
        : this(whole, name => prefixes
            .Where(prefix => name.StartsWith(prefix.Part, StringComparison.Ordinal))
            .Select(prefix => prefix.Whole + name[prefix.Part.Length..]))
    {
    }

    public bool Has(string name) => candidates(name).Any(whole.Has);

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) =>
        candidates(name).FirstOrDefault(whole.Has) is { } found ? whole.FindBytes(found, shape) : null;

    public double? FindNumber(string name) =>
        candidates(name).FirstOrDefault(whole.Has) is { } found ? whole.FindNumber(found) : null;

    public CheckpointTensor? FindHead(
        IReadOnlyList<string> heads, IReadOnlyList<string> tables, CheckpointTensor words) =>
        whole.FindHead([.. heads.SelectMany(candidates)], [.. tables.SelectMany(candidates)], words);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        var all = candidates(name).ToList();
        return whole.Require(all.Find(whole.Has) ?? all.FirstOrDefault() ?? name, shape);
    }

    public void Dispose()
    {
    }
}
