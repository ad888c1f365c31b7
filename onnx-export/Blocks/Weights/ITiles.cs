namespace Stip.Export.Blocks.Weights;

/// <summary>Tiles of a weight: one is filled while the one before is written. Their memory serves one weight after the
/// other.</summary>
/// <typeparam name="T">What is filled in.</typeparam>
internal interface ITiles<T>
    where T : unmanaged
{
    /// <summary>A cleared tile to fill, until the next is asked for.</summary>
    T[] Tile(int elements);

    /// <summary>Starts writing the first elements of the tile.</summary>
    /// <param name="stream">Where they go, after everything before them.</param>
    /// <param name="elements">How many.</param>
    /// <param name="name">Tensor of the checkpoint, for messages.</param>
    void Write(Stream stream, int elements, string name);

    /// <summary>Waits until everything is written.</summary>
    void Finish();
}
