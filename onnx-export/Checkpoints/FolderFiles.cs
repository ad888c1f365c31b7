namespace Stip.Export.Checkpoints;

/// <summary>Files that lie in a Hugging Face folder.</summary>
internal sealed class FolderFiles(string folder) : ISmallFiles
{
    public byte[]? Find(string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }
}
