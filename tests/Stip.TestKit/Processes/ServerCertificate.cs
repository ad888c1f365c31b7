using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Stip.TestKit.Processes;

/// <summary>A certificate of this machine for an hour, that nobody trusts who is not told to.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private ServerCertificate(string path, string password, X509Certificate2 certificate) =>
        (Path, Password, Certificate) = (path, password, certificate);

    public string Path { get; }

    public string Password { get; }

    public X509Certificate2 Certificate { get; }

    public static ServerCertificate Write(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pkcs12, password));
        return new ServerCertificate(path, password, certificate);
    }

    public void Dispose() => Certificate.Dispose();
}
