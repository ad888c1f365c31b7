namespace Stip.Export.Checkpoints;

/// <summary>A part of a checkpoint under the names that it would have on its own.</summary>
/// <param name="whole">The whole checkpoint, which stays its owner's to close.</param>
/// <param name="prefixes">How names of the part begin, and how they may begin in the whole; the first that is there
/// counts.</param>
internal sealed class RenamedTensors(ITensorStore whole, IReadOnlyList<(string Part, string Whole)> prefixes)
    : ITensorStore
{
    public bool Has(string name) => Candidates(name).Any(whole.Has);

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) =>
        Candidates(name).FirstOrDefault(whole.Has) is { } found ? whole.FindBytes(found, shape) : null;

    public double? FindNumber(string name) =>
        Candidates(name).FirstOrDefault(whole.Has) is { } found ? whole.FindNumber(found) : null;

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        var candidates = Candidates(name).ToList();
        return whole.Require(candidates.Find(whole.Has) ?? candidates.FirstOrDefault() ?? name, shape);
    }

    public void Dispose()
    {
    }

    private IEnumerable<string> Candidates(string name) => prefixes
        .Where(prefix => name.StartsWith(prefix.Part, StringComparison.Ordinal))
        .Select(prefix => prefix.Whole + name[prefix.Part.Length..]);
}
