namespace Stip.Api.Registry;

/// <summary>What became of a model that was to be removed.</summary>
internal enum Removal
{
    /// <summary>There was none.</summary>
    NotHere,

    /// <summary>It is gone, and so are its packages.</summary>
    Done,

    /// <summary>It is served no longer, but a package of it lies there: the next start serves that.</summary>
    PackageStays,
}
