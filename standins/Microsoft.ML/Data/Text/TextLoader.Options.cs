namespace Microsoft.ML.Data;

public sealed partial class TextLoader
{
    /// <summary>How the file is written and what is loaded from it.</summary>
    public class Options
    {
        /// <summary>Fields may stand in quotes, and hold separators then; a quote within is written twice.</summary>
        public bool AllowQuoting;

        /// <summary>Fields may be written as <c>place:value</c> behind a field with the number of places.</summary>
        public bool AllowSparse;

        /// <summary>The number of places of sparse lines, where these do not say.</summary>
        public int? InputSize;

        public char[] Separators = ['\t'];

        public char DecimalMarker = '.';

        public Column[] Columns;

        /// <summary>Cuts white space off the end of each line.</summary>
        public bool TrimWhitespace;

        /// <summary>The first line of each file holds names.</summary>
        public bool HasHeader;

        /// <summary>A field in quotes may go on over several lines.</summary>
        public bool ReadMultilines;

        public long? MaxRows;

        /// <summary>What stands before a quote within quotes.</summary>
        public char EscapeChar = '"';

        /// <summary>Empty numbers of floating point are NaN instead of 0.</summary>
        public bool MissingRealsAsNaNs;

        internal Options Clone() => (Options)MemberwiseClone();
    }
}
