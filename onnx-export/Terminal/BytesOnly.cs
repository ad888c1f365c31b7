using Spectre.Console;
using Spectre.Console.Rendering;

namespace Stip.Export.Terminal;

/// <summary>A column of a bar that has something to say of bytes, and nothing of shares from 0 to 1.</summary>
/// <param name="column">The column.</param>
internal sealed class BytesOnly(ProgressColumn column) : ProgressColumn
{
    /// <summary>What a bar of shares ends at.</summary>
    public const double Whole = 1;

    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
        task.MaxValue > Whole ? column.Render(options, task, deltaTime) : Text.Empty;
}
