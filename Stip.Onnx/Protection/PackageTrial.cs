using Microsoft.ML.OnnxRuntime;
using Stip.Onnx.Protection.Rounding;

namespace Stip.Onnx.Protection;

/// <summary>Compares packages that were just made with the plain model, which is opened once for all of them and, where
/// it is run as a whole, loaded and run once.</summary>
internal sealed class PackageTrial
{
    private readonly PlainModel _plain;
    private readonly PlainAnswers _answers;
    private readonly ProtectionOptions _options;

    /// <param name="plain">The plain model.</param>
    /// <param name="options">What its packages are.</param>
    /// <param name="isOneOfSeveral">True where further packages come.</param>
    public PackageTrial(PlainModel plain, ProtectionOptions options, bool isOneOfSeveral)
    {
        (_plain, _options) = (plain, options);

        // A package that is rounded is run before and after.
        _answers = new PlainAnswers(keepsAll: isOneOfSeveral || options.Rounding != WeightRounding.None);
    }

    /// <summary>Looks, before anything is written, whether the model can be rounded where that is asked for.</summary>
    /// <exception cref="RefusedException">A graph of the server has no matrix that can be.</exception>
    public void RefuseUnfit()
    {
        foreach (var part in _plain.Parts.Where(part => !part.IsClient && _options.Rounding != WeightRounding.None))
        {
            GraphRounder.Matrices(part.Graph, part.Tensors, part.FileName);
        }
    }

    /// <summary>Compares a package; null where that was not asked for.</summary>
    public VerificationReport? Verified(string outputFolder, Action<double>? progress)
    {
        if (_options.Verify == VerificationMode.None)
        {
            return null;
        }

        using var moved = ProtectedModel.Open(outputFolder, _options.Passphrase);
        try
        {
            return PackageVerifier.Verify(
                _plain, _answers, moved, PackageVerifier.DefaultSamples, progress, _options.Verify);
        }
        catch (RefusedException e) when (e.InnerException is OnnxRuntimeException inner)
        {
            throw new RefusedException($"{e.Message}; --verify none leaves the comparison out", inner);
        }
    }

    /// <summary>Rounds a package where that was asked for. It was compared before; the difference that rounding makes
    /// is reported, not judged.</summary>
    public VerificationReport? Rounded(string outputFolder, Action<double>? progress)
    {
        if (_options.Rounding == WeightRounding.None)
        {
            return null;
        }

        PackageRounder.Round(outputFolder, _options.Rounding, _options.Passphrase);
        var report = Verified(outputFolder, progress);
        Judge(report);
        return report;
    }

    /// <exception cref="RefusedException">The package differs from its model.</exception>
    public static void Judge(VerificationReport? report)
    {
        if (report is { Passed: false })
        {
            throw SecondTry.Differs(report);
        }
    }
}
