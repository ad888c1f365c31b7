namespace Stip.Client.Templates.Jinja.Statements;

/// <summary>How a loop goes on after a statement.</summary>
internal enum Flow
{
    Next,
    Continue,
    Break,
}
