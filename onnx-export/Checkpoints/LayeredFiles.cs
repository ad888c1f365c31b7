namespace Stip.Export.Checkpoints;

/// <summary>The small files of a folder, and those of another where it has none of that name.</summary>
internal sealed class LayeredFiles(ISmallFiles first, ISmallFiles second) : ISmallFiles
{
    public byte[]? Find(string name) => first.Find(name) ?? second.Find(name);
}
