namespace Stip.Api.Engine.Scheduling;

/// <summary>How many rows of a longer step run at once.</summary>
/// <remarks>
/// It depends on the place in the session alone, never on who else is there: a session's logits must not either. On the
/// host a chunk far behind is shorter, for its attention takes longer and the next token of everybody else waits for
/// it; a device needs more rows to be busy, and is done with them sooner.
/// </remarks>
/// <param name="fixedRows"><see cref="EngineOptions.PrefillChunk"/>; 0 leaves the choice here.</param>
/// <param name="isOnDevice">True where the graph runs on an accelerator.</param>
/// <param name="beginsWhole">True where the first step of a session is a graph of its own.</param>
internal sealed class PrefillChunk(int fixedRows, bool isOnDevice, bool beginsWhole = false)
{
    private const int OnDevice = 512;
    private const int OnHost = 128;
    private const int OnHostFarBehind = 64;
    private const int FarBehind = 512;

    /// <param name="position">Tokens before the chunk.</param>
    public int RowsAt(int position) => beginsWhole && position == 0 ? int.MaxValue
        : fixedRows > 0 ? fixedRows
        : isOnDevice ? OnDevice
        : position < FarBehind ? OnHost
        : OnHostFarBehind;
}
