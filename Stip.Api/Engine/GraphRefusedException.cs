namespace Stip.Api.Engine;

/// <summary>A graph cannot be run, or not any more.</summary>
internal sealed class GraphRefusedException(string message, Exception? inner = null) : Exception(message, inner);
