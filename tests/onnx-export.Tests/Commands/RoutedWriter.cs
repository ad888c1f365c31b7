using System.Text;

namespace Stip.Export.Tests.Commands;

/// <summary>A console stream that each test sees as its own: what runs beside it writes elsewhere.</summary>
internal sealed class RoutedWriter(TextWriter elsewhere) : TextWriter
{
    private readonly AsyncLocal<TextWriter?> _target = new();

    public override Encoding Encoding => elsewhere.Encoding;

    /// <summary>Sends what the current flow of execution writes to <paramref name="target"/>.</summary>
    public void Route(TextWriter? target) => _target.Value = target;

    public override void Write(char value) => (_target.Value ?? elsewhere).Write(value);

    public override void Write(char[] buffer, int index, int count) =>
        (_target.Value ?? elsewhere).Write(buffer, index, count);

    public override void Write(string? value) => (_target.Value ?? elsewhere).Write(value);
}
