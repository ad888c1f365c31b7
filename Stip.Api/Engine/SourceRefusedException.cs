namespace Stip.Api.Engine;

/// <summary>An encoder cannot run a source that was well formed; its session and its connection are good.</summary>
internal sealed class SourceRefusedException(string message, Exception? inner = null) : Exception(message, inner);
