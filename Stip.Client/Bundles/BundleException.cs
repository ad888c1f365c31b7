namespace Stip.Client.Bundles;

/// <summary>A bundle that cannot be used. The message is one line that names the file and what was expected.</summary>
public sealed class BundleException : Exception
{
    /// <summary>Refuses a bundle.</summary>
    public BundleException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
