namespace Stip.Export.Checkpoints;

/// <summary>What tensors are called by those who published a model, and by a library that took it up later: files have
/// either.</summary>
/// <param name="Roots">What the names of a model inside another may begin with.</param>
/// <param name="Parts">Parts of names, first as published, then as they are called now.</param>
internal sealed record LaterNames(IReadOnlyList<string> Roots, IReadOnlyList<(string Published, string Later)> Parts)
{
    /// <summary>The checkpoint under the published names, which begin with the first of the roots.</summary>
    public RenamedTensors Of(ITensorStore whole) => new(whole, Candidates);

    private IEnumerable<string> Candidates(string name)
    {
        var bare = name.StartsWith(Roots[0], StringComparison.Ordinal) ? name[Roots[0].Length..] : null;
        var names = bare is null ? [name] : Roots.Append("").Distinct().Select(root => root + bare);
        return names.SelectMany(each => new[] { each, Later(each) }).Distinct();
    }

    private string Later(string name) => Parts.Aggregate(
        name, (changed, part) => changed.Replace(part.Published, part.Later, StringComparison.Ordinal));
}
