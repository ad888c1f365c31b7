namespace Stip.Api.Engine.Scheduling;

/// <summary>How many rows of a longer step run at once.</summary>
/// <remarks>
/// A session's logits must not depend on who else is there, so neither may the length of a chunk, but where its rows
/// are the same bits in a shorter one: so they are on the host, where the attention knows how far each row sees
/// (measured with two rows or more; one alone takes another path there), without experts (rows that go to one of them
/// are multiplied together) and without caches that a window bounds (what is still there goes by the pieces). A chunk
/// far behind is shorter, for its attention takes longer and the next token of everybody else waits for it; a device
/// needs more rows to be busy, and is done with them sooner.
/// </remarks>
/// <param name="fixedRows"><see cref="EngineOptions.PrefillChunk"/>; 0 leaves the choice here.</param>
/// <param name="isOnDevice">True where the graph runs on an accelerator.</param>
/// <param name="beginsWhole">True where the first step of a session is a graph of its own.</param>
/// <param name="divides">True where chunks may be cut further without changing a bit.</param>
/// <param name="takesOneRow">True where each row is a run of its own: a chunk holds everybody else up for as many, and
/// no bit goes by its length.</param>
internal sealed class PrefillChunk(
    int fixedRows, bool isOnDevice, bool beginsWhole = false, bool divides = false, bool takesOneRow = false)
{
    private const int OnDevice = 512;
    private const int OnHost = 128;
    private const int OnHostFarBehind = 64;
    private const int FarBehind = 512;
    private const int Beside = 32;
    private const int RowByRow = 4;

    /// <param name="position">Tokens before the chunk.</param>
    public int RowsAt(int position) => beginsWhole && position == 0 ? int.MaxValue
        : fixedRows > 0 ? fixedRows
        : takesOneRow ? RowByRow
        : isOnDevice ? OnDevice
        : position < FarBehind ? OnHost
        : OnHostFarBehind;

    /// <summary>Of a chunk of so many rows, those to run before others' next tokens: the chunk is cut into pieces of 32
    /// rows, and no piece is a single row that was not one before.</summary>
    /// <param name="rows">Rows of the chunk that are left.</param>
    public int RowsBeside(int rows) =>
        divides && fixedRows == 0 && !isOnDevice && rows > Beside + 1 ? Beside : rows;
}
