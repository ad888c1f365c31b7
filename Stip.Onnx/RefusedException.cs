namespace Stip.Onnx;

/// <summary>An input that is refused. The message is one line that names the value and what is allowed.</summary>
public sealed class RefusedException : Exception
{
    /// <summary>Refuses with the line shown to the user.</summary>
    public RefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Refuses because of another exception.</summary>
    public RefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
