namespace Stip.Export.Checkpoints;

/// <summary>The small files of a checkpoint by name: those of a folder, or made from what one file says.</summary>
internal interface ISmallFiles
{
    /// <summary>The bytes of a file, null where there is none of that name.</summary>
    byte[]? Find(string name);
}
